"""What developers do: events applied again or made up, parked objects, the scenario suite."""
