/** NDP proxies: the inside IPv6 addresses that routers answer for outside (neutron/services/ndp_proxy/plugin.py). */
import {
  duplicateNdpProxy,
  ndpProxyNotFound,
  portUnreachableByRouter,
  routerNdpProxyNotEnabled,
} from '../model/faults.ts';
import { ndpProxy, port, subnet } from '../model/index.ts';
import type { Draft, Row } from '../model/language.ts';
import { checkSameScope, proxiedAddress } from '../rules/ndp-proxy.ts';
import { INTERFACE_OWNER } from '../rules/router.ts';
import type { Context, Operations } from './context.ts';
import { ipv6Scope } from './router-ndp-proxy.ts';
import { newStandard } from './standard.ts';
import { visiblePort, visibleRouter } from './visible.ts';

type Proxy = Row<typeof ndpProxy>;

async function create(c: Context, draft: Draft<typeof ndpProxy>): Promise<Proxy> {
  const routerId = draft.router_id ?? '';
  const inside = await visiblePort(c, draft.port_id ?? '');
  const { network_id } = inside;
  const interfaces = await c.t.find(port, { device_id: routerId, device_owner: INTERFACE_OWNER, network_id });
  if (interfaces.length === 0) throw portUnreachableByRouter(inside.id, routerId);
  const on = await visibleRouter(c, routerId);
  if (!on.enable_ndp_proxy || !on.external_gateway_info) throw routerNdpProxyNotEnabled(on.id);
  const address = proxiedAddress(inside, { id: on.id, interfaces }, draft.ip_address ?? null);
  const scopeOf = async (networkId: string) => ipv6Scope(c.t, await c.t.find(subnet, { network_id: networkId }));
  checkSameScope(await scopeOf(on.external_gateway_info.network_id), await scopeOf(network_id));
  if (await c.t.first(ndpProxy, { router_id: on.id, ip_address: address })) throw duplicateNdpProxy(on.id, address);
  const { tags: _, ...standard } = newStandard(c, draft);
  c.t.wake([`router/${on.id}`]);
  return c.t.insert(ndpProxy, {
    ...standard,
    name: draft.name ?? '',
    router_id: on.id,
    port_id: inside.id,
    ip_address: address,
  });
}

/** What the API calls. */
export const ndpProxyOperations: Operations<typeof ndpProxy> = {
  resource: ndpProxy,
  notFound: ndpProxyNotFound,
  create,
  // Name and description are nothing to a host.
  update: async (c, row, changes) => {
    const result = await c.t.update(ndpProxy, row.id, changes);
    if (!result) throw ndpProxyNotFound(row.id);
    return result;
  },
  remove: async (c, row) => {
    await c.t.delete(ndpProxy, row.id);
    c.t.wake([`router/${row.router_id}`]);
  },
};
