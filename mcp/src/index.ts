export { A2aEndpoint } from './a2a/endpoint.js';
export { McpHttpServer } from './http.js';
export { makeMcpServer, version } from './server.js';
export { serveStdio } from './stdio.js';
export { httpToken, tokenFile } from './token.js';
export { ERROR_META, registerTools, type ToolOptions, toldOutput } from './tools.js';
