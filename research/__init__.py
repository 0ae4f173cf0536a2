"""What the engine is judged and taught with, apart from the product: `world` <- `training` <- `world1` <- `ruler` <- `figures`, each may use those
before it."""
