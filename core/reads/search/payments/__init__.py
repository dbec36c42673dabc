"""Search over payments: filters to the plan that touches the fewest rows, then its pages."""
