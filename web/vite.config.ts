import { defineConfig } from "vite";

// No inline scripts, styles or data: URLs: the page's Content-Security-Policy allows none of them.
export default defineConfig({
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
  },
  server: { proxy: { "/v1": "http://127.0.0.1:8080" } },
});
