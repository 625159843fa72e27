"""The auditors: one file is one auditor; its path is its id."""
