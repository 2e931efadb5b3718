import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    // Generous: nothing timed decides a test, and CI has two cores.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
