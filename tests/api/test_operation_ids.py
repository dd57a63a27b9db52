"""The names of operations, by which generated clients call their functions: what is released keeps its name."""

from tests.api.application import document

RELEASED = """
    sendEmail sendSms sendSmsByQuery sendWhatsapp sendWhatsappByQuery
    getMessage cancelMessage rescheduleMessage
    listBatches getBatch listBatchMessages pauseBatch resumeBatch cancelBatch switchBatchGateway
    listInbound getKeywords putKeywords
    listCallbacks registerCallback getCallback changeCallback removeCallback rotateCallbackSecret
    listCallbackDeliveries testCallback replayCallbackDelivery replayCallbackDeliveries
    listGateways getGatewayHealth pauseGateway drainGateway resumeGateway testGateway
    addOwnGateway getOwnGateway changeOwnGateway deleteOwnGateway listOwnKeys issueOwnKey rollOwnKey revokeOwnKey
    listMessages listFailures listAnyMessages listAnyFailures replayMessages replayAnyMessages
    getFailure getAnyFailure getAnyRetry stopAnyRetry
    listAnyBatches getAnyBatch pauseAnyBatch resumeAnyBatch cancelAnyBatch
    getAnyMessage resolveMessage listSandboxMessages decodePayloads encodePayloads
    createUser listUsers getUser changeUser deleteUser restoreUser suspendUser resumeUser putUser
    assignPlan getSubscription renewSubscription expireSubscription cancelPlanChange
    transferCredits listCreditRequests getCreditRequest getCreditProof approveCreditRequest rejectCreditRequest
    getCreditAlerts putCreditAlerts getUserCreditAlerts putUserCreditAlerts
    getCredits listJournal askForCredits listOwnCreditRequests
    getUserCredits moveUserCredits listUserJournal
    createPlan listPlans getPlan changePlan deletePlan
    issueKey listKeys getKey rollKey revokeKey
    addStaff listStaff getStaff changeStaff removeStaff listRoles getRole putRole deleteRole listPermissions listAudit
    addGateway listAllGateways getGateway changeGateway deleteGateway shareGateway unshareGateway
    listWorkflows countWorkflows resetWorkflows terminateWorkflows signalWorkflows getWorkflowJob stopWorkflowJob
    getWorkflow examineInstall listBuilds listQueues listSchedules listClocks
    changeUsers listOperations getOperation cancelAnyOperation getOwnOperation cancelOwnOperation
    listOwnOperations getOidcLogIn
    listOwnGatewayTypes getAnyGatewayHealth
    listGatewayTypes pauseAnyGateway drainAnyGateway resumeAnyGateway testAnyGateway
    listApprovalPolicies putApprovalPolicy deleteApprovalPolicy
    listApprovals getApproval approveApproval denyApproval
    listAllSuppressions suppressRecipient unsuppressRecipient listAllInbound
    listAllCallbacks getAnyCallback enableAnyCallback disableAnyCallback listAnyDeliveries replayAnyDelivery
    exportUser purgeUser getOperationFiles getOwnOperationFiles exportOwnData
    pauseSending resumeSending listSendingPauses
    getReputation getUserReputation putUserGuard getGatewayReputation
    putGatewayWarmUp endGatewayWarmUp putAnyDomainWarmUp endAnyDomainWarmUp
    putOwnGatewayWarmUp endOwnGatewayWarmUp putDomainWarmUp endDomainWarmUp
    getSettings changeInstallSettings testSystemMail
    listAllUsage listUsage listAllRequests listRequests getOverview listAlerts listAttention listInstallAttention
    listViews saveView renameView deleteView getBranding getSampleData addSampleData removeSampleData
    listTemplates getTemplate putTemplate publishTemplate archiveTemplate restoreTemplate
    listTemplateVersions getTemplateVersion diffTemplate previewTemplate
    testEmailTemplate testSmsTemplate testWhatsappTemplate
    listSegments addSegment countContacts getSegment changeSegment removeSegment listSegmentContacts explainSegment
    getGuards patchGuards listGuardRefusals getUserGuards patchUserGuards
    listGatewayTemplates listWhatsappTemplates syncWhatsappTemplates
    listCampaigns addCampaign getCampaign changeCampaign removeCampaign forecastCampaign listCampaignRuns
    getCampaignResults listLeftOut launchCampaign pauseCampaign resumeCampaign cancelCampaign approveCampaign
    switchCampaignGateway
    postEvents
    listPurposes addPurpose getPurpose changePurpose removePurpose listConsents recordConsents importConsents
    listOwnSuppressions addOwnSuppression putOwnSuppression removeOwnSuppression importSuppressions
    subscribe listConfirmationTexts putConfirmationText deleteConfirmationText
    listContacts addContact getContact changeContact deleteContact listContactEvents listContactMessages
    putContact putContacts mergeContacts changeContactTags
    listGroups addGroup getGroup changeGroup deleteGroup addToGroup removeFromGroup
    listFields addField getField changeField deleteField
    listLinkDomains addLinkDomain getLinkDomain deleteLinkDomain checkLinkDomain getLinkSettings putLinkSettings
    addDomain listDomains getDomain deleteDomain checkDomain rotateDomainKey
    addDomainOf listAllDomains getAnyDomain deleteAnyDomain checkAnyDomain rotateAnyDomainKey
    logIn logOut getMe listSessions endSessions endSession setUp resetPassword changePassword confirmSession
    forgotPassword inviteStaff inviteUser actForUser estimateEmail estimateSms estimateWhatsapp
    exportSettings getSettingsSchema diffSettings applySettings listUnknownLeadPages
    beginTotp confirmTotp disableTotp resetStaffTotp resetUserTotp getOidc changeOidc removeOidc
    importContacts exportContacts
    exportPerson erasePerson listErasures getErasure
    exportAnyPerson eraseAnyPerson listAnyErasures getAnyErasure
    listAutomations getFlowSchema addAutomation getAutomation saveAutomationDraft publishAutomation
    pauseAutomation resumeAutomation archiveAutomation listAutomationVersions
    getAutomationInside getAutomationDefinition getAutomationVersion compareAutomationDefinitions
    bringBackAutomationVersion discardAutomationDraft listAutomationRuns enterAutomation listAutomationEntries getRun
    retryRun exitRun moveRun skipRun
    listSecrets putSecret removeSecret
    listHooks addHook getHook changeHook removeHook rotateHook rotateHookSecret listHookPresets listHookSamples
    tryHook suggestHookMap postToHook
    listLeadSources addLeadSource getLeadSource changeLeadSource removeLeadSource
    parkLeadSource resumeLeadSource backfillLeadSource getLeadSourceSpeed importLeads
    listLeads getLead replayLead replayLeads checkLeadSource previewLeadSource
    parkLeadSource resumeLeadSource backfillLeadSource
    listTroubledAutomations listAutomationFailures getAutomationCounts
    retryAutomation listAutomationRetries getAutomationRetry stopAutomationRetry
    simulateAutomation replayRun listStarters getStarter
    getHealth getLiveness getReadiness
    verifyMetaLeads verifyMetaLeadsOfSource receiveMetaLeads receiveMetaLeadsOfSource
    receiveMetaRemoval receiveMetaRemovalOfSource receiveMetaDeletion receiveMetaDeletionOfSource getMetaDeletion
    verifyLinkedinLeads receiveLinkedinLeads receiveGoogleLead receiveGoogleLeadOfSource postForm getFormToken
    registerSession logOutPhone listPendingMessages updateStatuses postReceivedMessages
    listAppMessages reportAppMessages streamAppEvents getAppSettings listAppWebhooks receiveAppEvent
    registerAppDevice getAppDevice updateAppDevice
    issueDeviceTokens listDeviceTokens revokeDeviceToken
    listDevices getDevice changeDevice revokeDevice pairDevice getDeviceSim changeDeviceSim
    issueAnyDeviceTokens listAllDeviceTokens revokeAnyDeviceToken
    listAllDevices getAnyDevice changeAnyDevice revokeAnyDevice pairAnyDevice getAnyDeviceSim changeAnyDeviceSim
    listPhoneSims createPhoneSim updatePhoneSim enablePhoneSim disablePhoneSim deletePhoneSim
    receiveProviderWebhook receiveProviderWebhookByQuery receiveGatewayWebhook receiveGatewayWebhookByQuery
"""


def test_operations_have_stable_names_of_their_own():
    paths = document()["paths"].values()
    names = [operation["operationId"] for operations in paths for operation in operations.values()]
    assert len(set(names)) == len(names)
    assert set(RELEASED.split()) <= set(names)
    assert set(names) <= set(RELEASED.split()), "add the new operation to the list"
