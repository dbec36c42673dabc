"""Fraud: overview, cases, rules, lists, backtest, programmes."""
