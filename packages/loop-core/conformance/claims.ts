import type { Capabilities } from "../src/backend.js";
import type { Scene } from "./scene.js";

/** Leaves a test about something that the backend does not claim. */
export function requireClaim(scene: Scene, claim: keyof Capabilities): void {
  if (!scene.backend.supports[claim]) scene.skip(`the backend does not claim ${claim}`);
}
