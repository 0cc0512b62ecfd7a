"""egoalign: how well what a child sees matches what the child hears."""

__version__ = "0.1.0"
