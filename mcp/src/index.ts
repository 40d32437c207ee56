export { httpToken, McpHttpServer, tokenFile } from './http.js';
export { makeMcpServer } from './server.js';
export { serveStdio } from './stdio.js';
export { ERROR_META, registerTools, type ToolOptions, toldOutput } from './tools.js';
