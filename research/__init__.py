"""What the engine is judged and taught with, apart from the product: `world` <- `training` <- `ruler`, `figures`, each may use those before it."""
