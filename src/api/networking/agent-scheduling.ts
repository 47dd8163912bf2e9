/** Which agent has what: `/agents/{id}/dhcp-networks`, `/agents/{id}/l3-routers` and their other sides. For administrators. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { forbidden, malformedBody } from '../../model/faults.ts';
import { Problem, uuid } from '../../model/types.ts';
import {
  addNetworkToAgent,
  addRouterToAgent,
  agentsOfNetwork,
  agentsOfRouter,
  networksOnAgent,
  removeNetworkFromAgent,
  removeRouterFromAgent,
  routersOnAgent,
} from '../../operations/agent-scheduling.ts';
import type { Caller, Context } from '../../operations/context.ts';
import type { Reader } from '../../store/store.ts';
import { invalidField } from '../faults.ts';
import { readContext, type Services, writeContext } from '../services.ts';
import { isObject } from '../wire/json-body.ts';
import { readQuery } from '../wire/query-string.ts';
import { callerOf, type Handler, jsonBody, paramOf, route } from '../wire/router.ts';
import type { AnyRow, Exposed, Exposure } from './exposure.ts';
import { renderRows } from './render.ts';

function administrator(request: FastifyRequest, rule: string): Caller {
  const caller = callerOf(request);
  if (!caller.isAdmin) throw forbidden(`rule:${rule}`);
  return caller;
}

/** Answers with all rows that belong to the one in the path. */
function lists(
  services: Services,
  rule: string,
  shown: Exposed,
  find: (r: Reader, id: string) => Promise<readonly AnyRow[]>,
): Handler {
  return (request) => {
    const caller = administrator(request, rule);
    const wanted = (readQuery(request.url).get('fields') ?? []).filter((name) => name !== '');
    return services.store.read(async (r) => {
      const rows = await find(r, paramOf(request, 'owner'));
      return { [shown.resource.plural]: await renderRows(readContext(services, r, caller), shown, rows, wanted) };
    });
  };
}

type Move = (c: Context, agentId: string, id: string) => Promise<void>;

/** Takes the id out of `{"router_id": …}`; the answer is `null`, which clients read as JSON. */
function gives(services: Services, rule: string, member: string, give: Move): Handler {
  return async (request) => {
    const caller = administrator(request, rule);
    const body = jsonBody(request);
    if (!isObject(body) || !Object.hasOwn(body, member))
      throw malformedBody(`Unable to find '${member}' in request body`);
    const id = uuid().parse(body[member]);
    if (id instanceof Problem) throw invalidField(member, id);
    await services.store.transact((t) => give(writeContext(services, t, caller), paramOf(request, 'owner'), id));
    return null;
  };
}

function takes(services: Services, rule: string, take: Move): Handler {
  return async (request) => {
    const caller = administrator(request, rule);
    const [owner, id] = [paramOf(request, 'owner'), paramOf(request, 'id')];
    await services.store.transact((t) => take(writeContext(services, t, caller), owner, id));
    return undefined;
  };
}

/** Registers the routes. */
export function agentSchedulingRoutes(
  app: FastifyInstance,
  services: Services,
  exposure: Exposure,
  aliases: ReadonlySet<string>,
): void {
  const [agents, networks, routers] = [exposure.get('agent'), exposure.get('network'), exposure.get('router')];
  if (agents && networks && aliases.has('dhcp_agent_scheduler')) {
    route(app, '/v2.0/agents/:owner/dhcp-networks', {
      GET: lists(services, 'get_dhcp-networks', networks, networksOnAgent),
      POST: gives(services, 'create_dhcp-network', 'network_id', addNetworkToAgent),
    });
    route(app, '/v2.0/agents/:owner/dhcp-networks/:id', {
      DELETE: takes(services, 'delete_dhcp-network', removeNetworkFromAgent),
    });
    route(app, '/v2.0/networks/:owner/dhcp-agents', {
      GET: lists(services, 'get_dhcp-agents', agents, agentsOfNetwork),
    });
  }
  if (agents && routers && aliases.has('l3_agent_scheduler')) {
    route(app, '/v2.0/agents/:owner/l3-routers', {
      GET: lists(services, 'get_l3-routers', routers, routersOnAgent),
      POST: gives(services, 'create_l3-router', 'router_id', addRouterToAgent),
    });
    route(app, '/v2.0/agents/:owner/l3-routers/:id', {
      DELETE: takes(services, 'delete_l3-router', removeRouterFromAgent),
    });
    route(app, '/v2.0/routers/:owner/l3-agents', { GET: lists(services, 'get_l3-agents', agents, agentsOfRouter) });
  }
}
