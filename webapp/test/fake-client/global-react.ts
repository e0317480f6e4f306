// The client's React, for tests that import components from their sources.
import type ReactModule from 'react';

const React = (window as unknown as {React: typeof ReactModule}).React;
export default React;
export const {createElement, memo, useCallback, useEffect, useMemo, useRef, useState} = React;
