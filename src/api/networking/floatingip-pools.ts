/** `/floatingip_pools`: the IPv4 subnets that floating IPs come from. Neutron: db/l3_fip_pools_db.py. */
import type { FastifyInstance } from 'fastify';
import { network, subnet } from '../../model/index.ts';
import type { Caller } from '../../operations/context.ts';
import { visibleRows } from '../../rules/visibility.ts';
import type { Condition } from '../../store/query.ts';
import type { Services } from '../services.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, route } from '../wire/router.ts';
import { computedList } from './computed-list.ts';

/** The IPv4 subnets of the external networks that the caller sees. */
function poolsOf(caller: Caller): Condition | undefined {
  const visible = visibleRows(network, caller);
  if (visible === 'none') return undefined;
  const external: Condition = { op: 'in', column: 'router:external', values: [true] };
  const where: Condition = visible === 'all' ? external : { op: 'and', of: [external, visible] };
  const ofNetworks: Condition = { op: 'among', column: 'network_id', record: network.name, select: 'id', where };
  return { op: 'and', of: [{ op: 'in', column: 'ip_version', values: [4] }, ofNetworks] };
}

/** Registers the path. */
export function floatingIpPoolRoutes(app: FastifyInstance, services: Services): void {
  route(app, '/v2.0/floatingip_pools', {
    GET: async (request) => {
      const caller = callerOf(request);
      const where = poolsOf(caller);
      const rows = where ? await services.store.read((r) => r.list(subnet, where)) : [];
      const shown = rows.map((row) => ({
        subnet_id: row.id,
        subnet_name: row.name,
        tenant_id: caller.projectId,
        project_id: caller.projectId,
        network_id: row.network_id,
        cidr: row.cidr,
      }));
      return { floatingip_pools: computedList(shown, readQuery(request.url), []) };
    },
  });
}
