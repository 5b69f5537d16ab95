"""Gold: aggregates over silver that answer questions; population frequencies first of all."""
