/** From credentials to a working client: login, endpoint of the catalog, and a new login when the token has ended. */
import { ClientError } from './errors.ts';
import { openConnections } from './http.ts';
import { type Credentials, type Login, login } from './identity.ts';
import { type NetworkingClient, networkingClient } from './networking.ts';

/** A client that is logged in. */
export interface Session {
  readonly networking: NetworkingClient;
  /** The first login; the token may have been replaced since. */
  readonly login: Login;
  close(): void;
}

/** Logs in and gives a client of the catalog's network endpoint (or of `networkUrl`). A 401 leads to one new login. */
export async function connect(cloud: Credentials & { readonly networkUrl?: string }): Promise<Session> {
  const connections = openConnections(cloud.tls);
  try {
    const first = await login(cloud, connections);
    const url = cloud.networkUrl ?? first.networkUrl;
    if (url === null)
      throw new ClientError('login', 0, 'EndpointNotFound', 'The catalog has no network endpoint; is a project given?');
    const renew = async () => (await login(cloud, connections)).token;
    const deadline = cloud.deadlineMs === undefined ? {} : { deadlineMs: cloud.deadlineMs };
    const networking = networkingClient({ url, token: first.token, renew, connections, ...deadline });
    return { networking, login: first, close: () => connections.close() };
  } catch (error) {
    connections.close();
    throw error;
  }
}
