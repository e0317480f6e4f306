// React as plugins meet it. Tests read components from their sources, and those say `import 'react'`.
import type ReactModule from 'react';

const React = (window as unknown as {React: typeof ReactModule}).React;
export default React;
export const {createElement, memo, useCallback, useEffect, useMemo, useRef, useState} = React;
