/** `/floatingip_pools`: the IPv4 subnets that floating IPs come from. Neutron: db/l3_fip_pools_db.py. */
import type { FastifyInstance } from 'fastify';
import { network, subnet } from '../../model/index.ts';
import { isReader } from '../../rules/policy.ts';
import type { Condition } from '../../store/query.ts';
import type { Services } from '../services.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, route } from '../wire/router.ts';
import { computedList } from './computed-list.ts';

const external: Condition = { op: 'in', column: 'router:external', values: [true] };
const ofExternal: Condition = {
  op: 'among',
  column: 'network_id',
  record: network.name,
  select: 'id',
  where: external,
};
const pools: Condition = { op: 'and', of: [{ op: 'in', column: 'ip_version', values: [4] }, ofExternal] };

/** Registers the path. */
export function floatingIpPoolRoutes(app: FastifyInstance, services: Services): void {
  route(app, '/v2.0/floatingip_pools', {
    GET: async (request) => {
      const caller = callerOf(request);
      const rows = isReader(caller) ? await services.store.read((r) => r.list(subnet, pools)) : [];
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
