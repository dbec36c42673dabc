"""States, sums and rules that several layers share; no layer's own."""
