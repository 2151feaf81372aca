"""Agents: a model that calls tools until it has its answer."""

from ._agent import Agent, create_agent
from ._course import Budget

__all__ = ["Agent", "Budget", "create_agent"]
