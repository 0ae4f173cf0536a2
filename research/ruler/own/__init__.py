"""Figures of a dial's strip that need no renderer, for any checkpoint: `python -m research.ruler.own --model PATH`."""
