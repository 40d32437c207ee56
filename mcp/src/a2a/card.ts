import { A2A_PROTOCOL_VERSION, type AgentCard } from '@a2a-js/sdk';
import { operations } from '@streamlib/runtime';

export const A2A_PATH = '/a2a';
const JSON_TYPE = 'application/json';

/** What another agent reads first: each operation of a running graph is a skill. */
export function agentCard(origin: string, version: string): AgentCard {
  return {
    name: 'StreamLib',
    description:
      'Runs a graph of processors through which live video flows, and changes it while it runs. A message to it has one data part: {"skill": "<id>", "input": {…}}; the answer is an artifact with a data part, and for a snapshot a picture.',
    version,
    supportedInterfaces: [
      {
        url: `${origin}${A2A_PATH}`,
        protocolBinding: 'JSONRPC',
        tenant: '',
        protocolVersion: A2A_PROTOCOL_VERSION,
      },
    ],
    provider: undefined,
    capabilities: { streaming: false, pushNotifications: false, extendedAgentCard: false, extensions: [] },
    securitySchemes: {
      token: {
        scheme: {
          $case: 'httpAuthSecurityScheme',
          value: {
            scheme: 'Bearer',
            bearerFormat: '',
            description: 'The token in mcp.token of the state directory.',
          },
        },
      },
    },
    securityRequirements: [{ schemes: { token: { list: [] } } }],
    defaultInputModes: [JSON_TYPE],
    defaultOutputModes: [JSON_TYPE],
    skills: operations.map(({ name, title, description, readOnly, input }) => ({
      id: name,
      name: title,
      description: `${description} Input: ${Object.keys(input.shape).join(', ') || 'nothing'}.`,
      tags: ['video', readOnly ? 'look' : 'change'],
      examples: [],
      inputModes: [JSON_TYPE],
      outputModes: name === 'snapshot' ? [JSON_TYPE, 'image/png'] : [JSON_TYPE],
      securityRequirements: [],
    })),
    signatures: [],
  };
}
