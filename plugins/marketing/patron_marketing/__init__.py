"""Marketing: segments, campaigns, forms and preferences."""
