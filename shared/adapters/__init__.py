"""Adapters: one file for each thing outside, behind a port of ours.

Only here, and in `triggers`, are Azure's packages imported. An adapter translates and does nothing clever; only the errors
of `shared.domain.errors` come out of it. It knows no decision, no fleet and no HTTP.
"""
