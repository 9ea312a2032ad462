"""Readiness of an application: does the live schema hold what this build needs?"""
