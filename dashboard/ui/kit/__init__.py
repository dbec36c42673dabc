"""The parts that screens are drawn with: tables, cards, bridges, timelines and facts, all of one
component whose script and style are files of ours."""
