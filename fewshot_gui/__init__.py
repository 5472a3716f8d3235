"""Few-Shot GUI: sorts pictures after seeing a handful of examples."""

__version__ = "0.1.0"
