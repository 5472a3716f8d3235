"""The rows of ``speed_table.py``, and what they measure with."""
