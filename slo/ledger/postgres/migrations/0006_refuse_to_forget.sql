-- What was corrected and what was imported stays, also when somebody empties tables by hand.
CREATE FUNCTION ledger_refuse_to_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION '% keeps what was done', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER ledger_corrections_stay BEFORE TRUNCATE ON ledger_corrections
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_to_forget();
CREATE TRIGGER ledger_imports_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_imports
	FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_to_forget();
