"""Files -> RGB: scanning folders and decoding strangers' bytes in supervised processes."""
