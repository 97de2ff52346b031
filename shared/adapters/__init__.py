"""Adapters: one file for each thing outside, behind a port of ours.

Only here, and in `triggers`, are Azure's packages imported. An adapter translates and makes no decisions. Only the
errors of `shared.domain.errors` come out of it. It knows no decisions, no fleet and no HTTP.
"""
