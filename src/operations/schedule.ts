/** Which host carries which router and which DHCP service. */
import type { Context } from './context.ts';

/** Binds a router that has no live binding to an alive L3 agent, and its ports to that host. Nothing alive: it stays unbound. */
export async function scheduleRouter(_c: Context, _routerId: string): Promise<void> {
  throw new Error('not built yet');
}

/** Brings the DHCP services of a network in line with its subnets: agents bound, ports made or removed. */
export async function scheduleDhcp(_c: Context, _networkId: string): Promise<void> {
  throw new Error('not built yet');
}

/** Gives a host that reported in what waits for a host, in bounded batches. */
export async function scheduleAll(_c: Context, _host: string): Promise<void> {
  throw new Error('not built yet');
}
