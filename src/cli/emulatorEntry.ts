import { fileURLToPath } from 'node:url';

/** The program of a rehearsal's emulator: `node ENTRY CONFIG.json`. */
export const EMULATOR_ENTRY = fileURLToPath(new URL('../emulator/process.js', import.meta.url));
