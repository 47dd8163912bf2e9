/** Measurements in the text format of Prometheus: requests by route, the process, the newest revision, and what labels counted. */
import type { meteringTotal } from '../../model/index.ts';
import type { Row } from '../../model/language.ts';

/** Upper bounds of the histogram, seconds. */
const bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5] as const;

interface Series {
  readonly labels: string;
  readonly buckets: number[];
  count: number;
  seconds: number;
}

/** Counts answers, and writes what was counted. */
export interface Metrics {
  /** `route` is the pattern of the path, so that the number of series is bounded. */
  count(method: string, route: string, status: number, seconds: number): void;
  /** `metered`: what metering labels counted; undefined: that is not told. */
  text(revision: number, metered?: readonly Row<typeof meteringTotal>[]): string;
}

const labelsOf = (method: string, route: string, status: number) =>
  `method="${method}",route="${route.replaceAll('"', '')}",status="${status}"`;

function histogram(series: Iterable<Series>): string[] {
  const name = 'neutrino_request_duration_seconds';
  const lines = [`# HELP ${name} Time to answer a request.`, `# TYPE ${name} histogram`];
  for (const { labels, buckets, count, seconds } of series) {
    for (const [at, bound] of bounds.entries()) lines.push(`${name}_bucket{${labels},le="${bound}"} ${buckets[at]}`);
    lines.push(`${name}_bucket{${labels},le="+Inf"} ${count}`);
    lines.push(`${name}_sum{${labels}} ${seconds}`, `${name}_count{${labels}} ${count}`);
  }
  return lines;
}

function single(name: string, kind: 'counter' | 'gauge', help: string, value: number): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, `${name} ${value}`];
}

function processLines(): string[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed } = process.memoryUsage();
  return [
    ...single('process_cpu_seconds_total', 'counter', 'Processor time.', (user + system) / 1e6),
    ...single('process_resident_memory_bytes', 'gauge', 'Resident memory.', rss),
    ...single('nodejs_heap_used_bytes', 'gauge', 'Used heap.', heapUsed),
    ...single('process_uptime_seconds', 'gauge', 'Time since the start.', process.uptime()),
  ];
}

const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

function meteringLines(totals: readonly Row<typeof meteringTotal>[] | undefined): string[] {
  return (['bytes', 'packets'] as const).flatMap((what) => {
    if (!totals) return [];
    const name = `neutrino_metering_${what}_total`;
    const lines = totals.map((row) => {
      const labels = (['label_id', 'project_id', 'direction'] as const).map(
        (label) => `${label}=${quoted(row[label])}`,
      );
      return `${name}{${labels.join(',')}} ${row[what]}`;
    });
    const help = `# HELP ${name} What a metering label counted on the routers of a project, in ${what}.`;
    return [help, `# TYPE ${name} counter`, ...lines];
  });
}

/** Measurements of one server. */
export function createMetrics(): Metrics {
  const all = new Map<string, Series>();
  return {
    count(method, route, status, seconds) {
      const labels = labelsOf(method, route, status);
      const series = all.get(labels) ?? { labels, buckets: bounds.map(() => 0), count: 0, seconds: 0 };
      all.set(labels, series);
      series.count++;
      series.seconds += seconds;
      for (const [at, bound] of bounds.entries()) {
        if (seconds <= bound) series.buckets[at] = (series.buckets[at] ?? 0) + 1;
      }
    },
    text(revision, metered) {
      const head = single('neutrino_revision', 'gauge', 'The newest revision of the journal.', revision);
      return `${[...histogram(all.values()), ...processLines(), ...head, ...meteringLines(metered)].join('\n')}\n`;
    },
  };
}
