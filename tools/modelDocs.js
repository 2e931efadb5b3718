// Writes the tables of docs/model.md from the description of the scenario in the built code.
import { readFileSync, writeFileSync } from 'node:fs';
import { withParameterTables } from '../dist/scenario/parameterTable.js';

const file = new URL('../docs/model.md', import.meta.url);
const document = readFileSync(file, 'utf8');
const written = withParameterTables(document);
if (written !== document) writeFileSync(file, written);
