/**
 * Writes `version-1.ts` anew from the model: `node src/store/schema/generate.ts`. For the time before the first release only;
 * afterwards version 1 stands still and a changed model has a migration (see `migrations.ts`).
 */
import { writeFileSync } from 'node:fs';
import type { Dialect } from '../dialect/dialect.ts';
import { postgresDialect } from '../dialect/postgres.ts';
import { sqliteDialect } from '../dialect/sqlite.ts';
import { derivedSchema } from './ddl.ts';

function constant(dialect: Dialect): string {
  return `  ${dialect.name}: \`\n${derivedSchema(dialect).join(';\n')};\n\`,\n`;
}

const text = `/** Version 1 of the schema, as the model had it then. Written by \`generate.ts\`; no person edits it. */
export const version1 = {
${constant(sqliteDialect)}${constant(postgresDialect)}} as const;
`;
writeFileSync(new URL('./version-1.ts', import.meta.url), text);
