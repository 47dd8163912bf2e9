/** What agents report, checked: a sign of life, and what came of the objects. */
import { malformedBody } from '../../model/faults.ts';
import {
  type AgentReport,
  hostObjectKinds,
  type MeteringReport,
  meteringCountsLimit,
  type StatusReport,
} from '../../model/host-objects.ts';
import * as t from '../../model/types.ts';
import { invalidField } from '../faults.ts';

const hostName = /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,254}$/;

/** The name of a host in a path; throws a 400 fault for what cannot be one. */
export function readHost(text: string): string {
  if (!hostName.test(text))
    throw malformedBody('The host must be of letters, digits, and any of _ . : - (at most 255)');
  return text;
}

const reportType = t.object(
  {
    functions: t.list(
      t.object({ agent_type: t.string(64), binary: t.string(64), configurations: t.anyObject(65536) }),
      {
        max: 16,
      },
    ),
    local_ip: t.nullable(t.ip()),
    bridge_mappings: t.anyObject(16384),
    started_at: t.timestamp(),
  },
  { availability_zone: t.string(255) },
);

const statusType = t.object({
  statuses: t.list(
    t.object({ key: t.string(128), state: t.oneOf('ACTIVE', 'DOWN', 'ERROR', 'GONE') }, { reason: t.string(4096) }),
    { max: 10000 },
  ),
});

function parse<T>(type: t.Type<T>, body: unknown): T {
  const parsed = type.parse(body);
  if (parsed instanceof t.Problem) throw invalidField('body', parsed);
  return parsed;
}

/** Checks a sign of life; throws a 400 fault that names the member. */
export function readReport(body: unknown): AgentReport {
  const report = parse(reportType, body);
  for (const [network, bridge] of Object.entries(report.bridge_mappings)) {
    if (typeof bridge !== 'string' || bridge === '')
      throw invalidField(`body.bridge_mappings.${network.slice(0, 64)}`, new t.Problem('the name of a bridge', bridge));
  }
  return report as AgentReport;
}

const hostKey = new RegExp(`^(${[...hostObjectKinds].join('|')})/[0-9a-f-]{36}$`);

/** Checks a report of states; throws a 400 fault that names the member. */
export function readStatuses(body: unknown): StatusReport {
  const report = parse(statusType, body);
  for (const [at, status] of report.statuses.entries()) {
    if (!hostKey.test(status.key))
      throw invalidField(`body.statuses[${at}].key`, new t.Problem('<kind>/<id> of a host object', status.key));
  }
  return report as StatusReport;
}

const count = t.integer(0, Number.MAX_SAFE_INTEGER);

const meteringType = t.object({
  run: t.string(64),
  number: count,
  boot: t.string(64),
  counts: t.list(
    t.object(
      {
        router_id: t.uuid(),
        project_id: t.string(255),
        label_id: t.uuid(),
        direction: t.oneOf('ingress', 'egress'),
        packets: count,
        bytes: count,
      },
      { ended: t.boolean() },
    ),
    { max: meteringCountsLimit },
  ),
});

/** Checks a report of counts; throws a 400 fault that names the member. */
export function readMetering(body: unknown): MeteringReport {
  return parse(meteringType, body) as MeteringReport;
}
