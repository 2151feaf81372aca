"""Agents: a model that calls tools until it has its answer."""

from ._agent import Agent, create_agent
from ._course import Budget
from ._mcp import McpServer, mcp

__all__ = ["Agent", "Budget", "McpServer", "create_agent", "mcp"]
