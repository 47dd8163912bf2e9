/** The client's entry points. */
export { type AgentClient, type AgentClientOptions, agentClient } from './agent-client.ts';
export { type Cloud, CloudsError, type CloudsQuery, cloudsFiles, readClouds } from './clouds.ts';
export { connect, type Session } from './connect.ts';
export { ClientError } from './errors.ts';
export type { Tls } from './http.ts';
export { type Credentials, type Login, login } from './identity.ts';
export {
  type Keystone,
  type KeystoneOptions,
  openKeystone,
  type TokenVerifier,
  type VerifiedToken,
} from './keystone.ts';
export {
  type Collection,
  type NetworkingClient,
  type NetworkingOptions,
  networkingClient,
  type Query,
} from './networking.ts';
