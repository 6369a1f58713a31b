-- The tenants that have the same revisions in the same states, and those: [[id, state, final, partly]],
-- oldest first. The states are written out once a cohort, however many tenants it has.
SELECT json_agg(tenant ORDER BY tenant), min(states COLLATE "C")
  FROM (SELECT tenant,
               json_agg(json_build_array(substring(id FROM '[^/]*$'), state, final, partly)
                        ORDER BY ordinal)::text AS states
          FROM sluice.revision
         WHERE tenant <> ''
         GROUP BY tenant) AS t
 GROUP BY md5(states)
