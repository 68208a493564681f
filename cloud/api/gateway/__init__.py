"""The gateway: MCP for users' own agents at `/mcp`, on their projects and their Blender pods."""
