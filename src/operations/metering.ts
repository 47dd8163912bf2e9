/** Metering labels and their rules (neutron/db/metering/metering_db.py). */

import { meteringLabelNotFound, meteringLabelRuleNotFound } from '../model/faults-metering.ts';
import { meteringLabel, meteringLabelRule } from '../model/index.ts';
import type { Row } from '../model/language.ts';
import { checkOverlaps, checkPrefixes } from '../rules/metering.ts';
import type { Operations } from './context.ts';
import { wakeMetering } from './wake.ts';

/** What the API calls for labels. */
export const meteringLabelOperations: Operations<typeof meteringLabel> = {
  resource: meteringLabel,
  notFound: meteringLabelNotFound,
  create: (c, draft) =>
    c.t.insert(meteringLabel, {
      id: c.random.uuid(),
      project_id: draft.project_id ?? c.caller.projectId,
      name: draft.name ?? '',
      description: draft.description ?? '',
      shared: draft.shared ?? false,
    }),
  remove: async (c, row) => {
    // Without rules it counts nowhere.
    const counts = (await c.t.first(meteringLabelRule, { metering_label_id: row.id })) !== undefined;
    await c.t.delete(meteringLabel, row.id);
    if (counts) await wakeMetering(c, row);
  },
};

/** What the API calls for rules. */
export const meteringLabelRuleOperations: Operations<typeof meteringLabelRule> = {
  resource: meteringLabelRule,
  notFound: meteringLabelRuleNotFound,
  async create(c, draft) {
    const labelId = draft.metering_label_id ?? '';
    const label = await c.t.get(meteringLabel, labelId);
    if (!label || !(c.caller.isAdmin || label.project_id === c.caller.projectId)) throw meteringLabelNotFound(labelId);
    const rule: Row<typeof meteringLabelRule> = {
      id: c.random.uuid(),
      project_id: label.project_id,
      metering_label_id: label.id,
      direction: draft.direction ?? 'ingress',
      excluded: draft.excluded ?? false,
      remote_ip_prefix: draft.remote_ip_prefix ?? null,
      source_ip_prefix: draft.source_ip_prefix ?? null,
      destination_ip_prefix: draft.destination_ip_prefix ?? null,
    };
    checkPrefixes(rule);
    if (rule.remote_ip_prefix !== null) {
      const { metering_label_id, direction, excluded } = rule;
      checkOverlaps(rule, await c.t.find(meteringLabelRule, { metering_label_id, direction, excluded }));
    }
    const made = await c.t.insert(meteringLabelRule, rule);
    await wakeMetering(c, label);
    return made;
  },
  remove: async (c, row) => {
    const label = await c.t.get(meteringLabel, row.metering_label_id);
    await c.t.delete(meteringLabelRule, row.id);
    if (label) await wakeMetering(c, label);
  },
};
