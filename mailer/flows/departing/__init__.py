"""From a yes to the hour: approval, calendar, proofs, alarms."""
