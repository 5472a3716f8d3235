"""Ways to meta-train a network, one a file; ``base`` says what they have in common."""
