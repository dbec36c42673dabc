"""Search over payments: values to filters, to the plan that touches the fewest rows, to pages."""
