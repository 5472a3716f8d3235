"""What the user decided: bins, labels and their history. Knows neither torch nor Qt."""
