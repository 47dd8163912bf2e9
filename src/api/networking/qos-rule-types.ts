/** `/v2.0/qos/rule-types`: which types of QoS rules there are, and what drivers can do of them. Neutron: extensions/qos.py. */
import type { FastifyInstance } from 'fastify';
import { forbidden, malformedBody } from '../../model/faults.ts';
import { qosRuleTypeNotFound } from '../../model/faults-qos.ts';
import * as t from '../../model/types.ts';
import { isReader } from '../../rules/policy.ts';
import { qosRuleTypes, ruleTypeDrivers, supportedRuleTypes } from '../../rules/qos.ts';
import { invalidField } from '../faults.ts';
import type { Services } from '../services.ts';
import { type Query, readQuery } from '../wire/query-string.ts';
import { callerOf, paramOf, route } from '../wire/router.ts';

const known = new Set([
  'all_supported',
  'all_rules',
  'fields',
  'sort_key',
  'sort_dir',
  'limit',
  'marker',
  'page_reverse',
]);

function flag(query: Query, name: string): boolean {
  const text = query.get(name)?.at(-1);
  if (text === undefined) return false;
  const value = t.boolean().parse(text);
  if (value instanceof t.Problem) throw invalidField(name, value);
  return value;
}

/** What a list asks for. `all_rules` and `all_supported` at once is all there are, as in Neutron. */
function asked(query: Query): 'common' | 'all_supported' | 'all_rules' {
  const unknown = [...query.keys()].filter((name) => !known.has(name)).slice(0, 10);
  if (unknown.length > 0) {
    const names = unknown.map((name) => `'${name.slice(0, 64).toWellFormed()}'`);
    throw malformedBody(`[${names.join(', ')}] is invalid attribute for filtering`);
  }
  if (flag(query, 'all_rules')) return 'all_rules';
  return flag(query, 'all_supported') ? 'all_supported' : 'common';
}

/** Registers the routes of rule types. */
export function qosRuleTypeRoutes(app: FastifyInstance, services: Services): void {
  const { mechanismDrivers } = services.settings;
  route(app, '/v2.0/qos/rule-types', {
    GET: (request) => {
      if (!isReader(callerOf(request))) throw forbidden('rule:get_rule_type');
      const types = supportedRuleTypes(mechanismDrivers, asked(readQuery(request.url)));
      return { rule_types: types.map((type) => ({ type })) };
    },
  });
  route(app, '/v2.0/qos/rule-types/:type', {
    GET: (request) => {
      if (!callerOf(request).isAdmin) throw forbidden('rule:get_rule_type');
      const type = paramOf(request, 'type');
      if (!(qosRuleTypes as readonly string[]).includes(type)) throw qosRuleTypeNotFound();
      return { rule_type: { type, drivers: ruleTypeDrivers(mechanismDrivers, type) } };
    },
  });
}
