"""What all screens share: the viewer, labels, tables, dialogs, filters; it knows no screen."""
