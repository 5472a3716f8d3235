"""A sorted folder -> the world."""
