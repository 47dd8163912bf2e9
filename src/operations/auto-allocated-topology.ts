/** One call gives a project a network, subnets and a router to the outside (neutron/services/auto_allocate/db.py). */
import { Fault } from '../model/faults.ts';
import { autoAllocationFailure } from '../model/faults-topology.ts';
import { autoAllocatedTopology, network, router, type subnet, subnetpool } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { INTERFACE_OWNER } from '../rules/router.ts';
import type { Reader } from '../store/store.ts';
import type { Context, Operations } from './context.ts';
import { networkOperations } from './network.ts';
import { routerOperations } from './router.ts';
import { addInterface, removeInterface } from './router-interface.ts';
import { interfacePorts } from './router-paths.ts';
import { subnetOperations } from './subnet.ts';

type PoolRow = Row<typeof subnetpool>;
type Network = Row<typeof network>;
type Create<R> = (c: Context, draft: Record<string, unknown>) => Promise<R>;

// biome-ignore lint/suspicious/noExplicitAny: the create of whatever resource; each is declared where it is written.
const createOf = <R>(operations: Operations<any>) => operations.create as unknown as Create<R>;

async function defaultExternal(r: Reader): Promise<Network> {
  const [found] = await r.find(network, { is_default: true, 'router:external': true });
  if (!found) throw autoAllocationFailure('No default router:external network');
  return found;
}

async function defaultPools(r: Reader): Promise<PoolRow[]> {
  const pools = await r.find(subnetpool, { is_default: true });
  return pools.sort((a, b) => a.ip_version - b.ip_version);
}

/** The dry run: throws AutoAllocationFailure where a topology could not be made. */
export async function checkTopology(r: Reader): Promise<void> {
  await defaultExternal(r);
  if ((await defaultPools(r)).length === 0) throw autoAllocationFailure('No default subnetpools defined');
}

/** Faults of the parts that are the deployment's, not the request's. */
async function orFailure<T>(reason: string, statuses: readonly number[], work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Fault && statuses.includes(error.status) && error.type !== 'OverQuota')
      throw autoAllocationFailure(reason);
    throw error;
  }
}

async function createInside(c: Context, projectId: string, pools: readonly PoolRow[]) {
  const draft = { name: 'auto_allocated_network', project_id: projectId };
  const inside = await createOf<Network>(networkOperations)(c, draft);
  const subnets: Row<typeof subnet>[] = [];
  for (const pool of pools) {
    const on = {
      name: `auto_allocated_subnet_v${pool.ip_version}`,
      network_id: inside.id,
      project_id: projectId,
      ip_version: pool.ip_version,
      subnetpool_id: pool.id,
    };
    subnets.push(await createOf<Row<typeof subnet>>(subnetOperations)(c, on));
  }
  return { inside, subnets };
}

async function connect(c: Context, projectId: string, external: Network, subnets: readonly Row<typeof subnet>[]) {
  const draft = {
    name: 'auto_allocated_router',
    project_id: projectId,
    external_gateway_info: { network_id: external.id },
  };
  const made = await createOf<Row<typeof router>>(routerOperations)(c, draft);
  for (const on of subnets) await addInterface(c, made, { subnet_id: on.id });
  return made;
}

/** The network of the project's topology, made if there is none. AutoAllocationFailure where the deployment does not allow it. */
export async function ensureTopology(c: Context, projectId: string): Promise<string> {
  const there = await c.t.first(autoAllocatedTopology, { project_id: projectId });
  if (there) return there.network_id;
  const external = await defaultExternal(c.t);
  const pools = await defaultPools(c.t);
  const failure = 'Unable to provide project private network';
  if (pools.length === 0) throw autoAllocationFailure(failure);
  // The pools are the deployment's: whoever asks may use them.
  const asProject = { ...c, caller: { ...c.caller, projectId } };
  const { inside, subnets } = await orFailure(failure, [400, 404, 409], createInside(asProject, projectId, pools));
  const outside = connect(asProject, projectId, external, subnets);
  const made = await orFailure('Unable to provide external connectivity', [400], outside);
  const row = { project_id: projectId, network_id: inside.id, router_id: made.id };
  await c.t.insert(autoAllocatedTopology, row);
  return inside.id;
}

async function removeRouter(c: Context, id: string): Promise<void> {
  const row = await c.t.get(router, id);
  if (!row) return;
  for (const each of await interfacePorts(c.t, row.id)) {
    if (each.device_owner === INTERFACE_OWNER) await removeInterface(c, row, { port_id: each.id });
  }
  await routerOperations.remove?.(c, (await c.t.get(router, id)) ?? row);
}

/** Removes the project's topology; without one there is nothing to do. Faults: those of what is still in use. */
export async function removeTopology(c: Context, projectId: string): Promise<void> {
  const there = await c.t.first(autoAllocatedTopology, { project_id: projectId });
  if (!there) return;
  await removeRouter(c, there.router_id);
  const inside = await c.t.get(network, there.network_id);
  if (inside) await networkOperations.remove?.(c, inside);
}
