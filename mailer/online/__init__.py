"""Asking the network about addresses that editors typed: guarded, slow, remembered."""
