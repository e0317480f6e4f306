// The styles, in the colors of the theme: Mattermost defines them as CSS variables.
//
// Facts about the client that matter here:
// - `.btn` has a fixed height and no outline, and a second button has a left margin. The rules below need a higher
//   specificity than the client's, because the client may load its styles after ours.
// - The client grays the text of ephemeral posts. Cards keep the normal color.
// - The browser skips the layout of cards far from the screen (`content-visibility`) and assumes the usual height.
//   So a channel with hundreds of meetings is drawn as fast as one with hundreds of messages.

/** A camera, as a mask for the color of the text. */
const camera =
    "url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Cpath d='M1 5.2C1 4 2 3 3.2 3h5.6C10 3 11 4 11 5.2v5.6C11 12 10 13 8.8 13H3.2C2 13 1 12 1 10.8V5.2zm11 1.5 2.4-1.8c.3-.2.6 0 .6.3v5.6c0 .3-.3.5-.6.3L12 9.3V6.7z'/%3E%3C/svg%3E\")";

const css = `
.zoom-pretext{margin:0 0 6px}
.zoom-pretext p:last-child{margin-bottom:0}
.zoom-card{content-visibility:auto;contain-intrinsic-size:auto 118px;max-width:680px;border:1px solid rgba(var(--center-channel-color-rgb),.16);border-left:4px solid var(--button-bg);border-radius:4px;padding:12px;overflow-wrap:anywhere;color:var(--center-channel-color)}
.zoom-card.zoom-card-idle{border-left-color:rgba(var(--center-channel-color-rgb),.32);color:rgba(var(--center-channel-color-rgb),.75)}
.zoom-card .zoom-title{font:inherit;font-weight:600;margin:0 0 4px}
.zoom-title p{margin:0}
.zoom-card .zoom-facts{margin:0 0 8px}
.zoom-card-idle .zoom-facts{margin:0}
.zoom-dot{color:rgba(var(--center-channel-color-rgb),.4)}
.zoom-dot-on{color:var(--online-indicator)}
.zoom-actions{display:flex;flex-wrap:wrap;gap:8px;align-items:center}
.zoom-details+.zoom-actions{margin-top:12px}
.btn.zoom-button.zoom-button{margin:0;height:auto;min-height:40px;padding-top:8px;padding-bottom:8px;white-space:normal}
.zoom-camera::before{content:'';width:16px;height:16px;flex:none;background:currentColor;-webkit-mask:${camera} center/contain no-repeat;mask:${camera} center/contain no-repeat}
.zoom-icon{width:16px;height:16px;fill:currentColor;flex:none}
.zoom-button+.zoom-foreign{margin-left:8px}
.zoom-actions .zoom-button+.zoom-foreign{margin-left:0}
.zoom-foreign{font-size:12px;color:rgba(var(--center-channel-color-rgb),.75)}
.zoom-details{margin:0;display:flex;flex-wrap:wrap;gap:4px 24px}
.zoom-details dt{font-weight:600;font-size:12px;color:rgba(var(--center-channel-color-rgb),.75)}
.zoom-details dd{margin:0}
.zoom-ai{display:inline-flex;align-items:center;gap:6px;min-height:24px;padding:4px 10px;border:none;border-radius:4px;font-size:12px;font-weight:600;background:rgba(var(--center-channel-color-rgb),.08);color:var(--center-channel-color)}
.zoom-ai:hover{background:rgba(var(--button-bg-rgb),.12);color:var(--button-bg)}
.zoom-spinner{display:inline-block;width:16px;height:16px;flex:none;border:2px solid currentColor;border-right-color:transparent;border-radius:50%;animation:zoom-turn 1s linear infinite}
@keyframes zoom-turn{to{transform:rotate(360deg)}}
@media (prefers-reduced-motion:reduce){.zoom-spinner{animation:none}}
@media (forced-colors:active){.zoom-camera::before{background:LinkText}.zoom-card,.zoom-notice{border-color:CanvasText}}
.zoom-notices{position:fixed;right:72px;bottom:120px;z-index:1050;max-width:420px}
@media (max-width:768px){.zoom-notices{right:12px;left:12px;bottom:140px;max-width:none}}
.zoom-notice{display:flex;flex-wrap:wrap;align-items:center;gap:12px;padding:12px 16px;border:1px solid rgba(var(--center-channel-color-rgb),.16);border-radius:8px;box-shadow:0 8px 24px rgba(0,0,0,.12);background:var(--center-channel-bg);color:var(--center-channel-color)}
.zoom-close{margin-left:auto;width:32px;height:32px;border:none;border-radius:4px;background:none;color:inherit;font-size:20px;line-height:1}
.zoom-close:hover{background:rgba(var(--center-channel-color-rgb),.08)}
.zoom-button.zoom-button:focus-visible,.zoom-ai.zoom-ai:focus-visible,.zoom-close.zoom-close:focus-visible{outline:2px solid var(--button-bg)!important;outline-offset:2px}
`;

/** Adds the styles to the page, once. */
export function addStyles(): void {
    const id = 'zoom-plugin-styles';
    // After an upgrade of the plugin, the page may still have the styles of the old version.
    const style = document.getElementById(id) ?? document.createElement('style');
    style.id = id;
    style.textContent = css;
    document.head.append(style);
}
