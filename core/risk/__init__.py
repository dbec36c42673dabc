"""How risky a payment is: signals, rules, scores, lists, cases, and the proof of a rule's worth."""
