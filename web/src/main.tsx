import { render } from "preact";
import { App } from "./components/app";
import { start } from "./live";
import { applyTheme } from "./view";

applyTheme();
const root = document.getElementById("app");
if (root !== null) {
  render(<App />, root);
  start();
}
