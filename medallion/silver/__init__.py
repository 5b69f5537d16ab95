"""Silver: parsed, validated, joined with the samples; what cannot be trusted kept apart."""
